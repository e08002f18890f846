"""take5 keeps the best five seconds of a live talker.

Three floors, each importing only from the ones below it:

- :mod:`take5.scoring`: what a window is worth (numpy in, values out);
- :mod:`take5.stream`: what arrives and what is kept;
- :mod:`take5.client`: what people and programs touch.
"""

"""What arrives and what is kept, a folder for each station on a frame's way; docs in each folder's docstring.

timeline, ffmpeg, sources -> analysis, recording -> live, offline -> output, bundles, report, hooks, preparing; server
on top. Loose modules are only what everyone speaks: settings, selection, events, wire.
"""

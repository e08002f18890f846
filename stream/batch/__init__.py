"""Takes from many videos: what there is to do, who does it, and what is done already (``docs/batch.md``)."""

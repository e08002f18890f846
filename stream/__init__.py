"""What arrives and what is kept: media, clock, aligner, ring; sources, session, files."""

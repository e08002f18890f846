"""The exit codes of commands."""

DONE, FAILED, NOTHING_ELIGIBLE, USAGE, INTERRUPTED = 0, 1, 2, 64, 130

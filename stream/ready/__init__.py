"""Programs are told when a clip is ready: a command, a webhook (``docs/hooks.md``)."""

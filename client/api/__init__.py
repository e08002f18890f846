"""take5 for Python programs; ``take5`` itself names what is in here (``docs/python.md``)."""

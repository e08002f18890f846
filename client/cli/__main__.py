"""``python -m take5.client.cli``: the command line, where the ``take5`` script is not on the path."""

from take5.client.cli import main

main()

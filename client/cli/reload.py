"""``take5 reload``: new processes for the captures of a running server."""

from pathlib import Path

import click

from take5.client.cli.options import output_option
from take5.stream.server.running import reload_servers


@click.command()
@output_option("Output folder of the server.")
def reload(output: Path) -> int:
    """Let new processes make the captures of a running server; the old ones end when their captures do.

    Of several servers with this output folder on this machine, all do.
    """
    for process in reload_servers(output):
        click.echo(f"take5: the server (process {process}) starts new processes for captures")
    return 0

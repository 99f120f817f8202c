"""`lomo demo`: a page in the browser to try the method on a prompt."""

from typing import Annotated

import typer

from lomo_hf.cli.terminal import console, literal

__all__ = ["demo"]


def demo(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on. Default: the first free one from 7860.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
) -> None:
    """Try recipes on a prompt, in the browser. Runs on this machine until Ctrl-C; needs the extra `demo`."""
    from lomo_hf.demo import launch

    app = launch(host=host, port=port, browser=browser, wait=False)
    console().print(f"[bold]{literal(app.local_url)}[/bold]: Ctrl-C stops it", highlight=False)
    app.block_thread()

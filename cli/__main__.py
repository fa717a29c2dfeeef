"""`python -m cli` is the `priceradar` command: what child processes are started with."""

from cli.main import main

main()

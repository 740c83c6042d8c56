"""`python -m mmavk_cli`: the same as the command `mmavk`."""

from mmavk_cli.cli.main import main

main()

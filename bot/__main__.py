"""`python -m bot` is `sdp-bot`."""

from bot.cli import main

main()

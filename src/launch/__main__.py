"""`python -m launch VERB`, which is what ./simpul calls once everything is installed."""

import sys

from launch import commands

sys.exit(commands.main(sys.argv[1:]))

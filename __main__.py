"""What ``pulumi up`` runs. It stands here so that requirements.txt and every package are found."""

from infra.program import program

program()

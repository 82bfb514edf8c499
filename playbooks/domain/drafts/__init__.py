"""What a postmortem draft may state: derived from an incident's timeline chain and from nothing else."""

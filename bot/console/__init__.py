"""What each command of `muster` does, by feature; libraries are loaded inside, so that `--help` is fast."""

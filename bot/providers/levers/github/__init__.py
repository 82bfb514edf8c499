"""What is moved in GitHub Actions: a workflow that is disabled, and one that is started as the change."""

"""The whole of it: workspace, plant and service, seen only from outside."""

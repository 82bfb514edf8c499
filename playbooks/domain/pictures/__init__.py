"""The drawn timeline of an incident: what is drawn, where, and as which SVG; pure, and only from the facts."""

"""Recorded incidents replayed."""

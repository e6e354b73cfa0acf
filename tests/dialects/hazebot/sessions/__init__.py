"""Signing in to the apps of the community."""

"""The dialect of the apps of a community."""

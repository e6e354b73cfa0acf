"""The wire contracts of the five dialects, and what holds every answer against them."""

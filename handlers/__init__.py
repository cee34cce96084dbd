"""The requests that browsers and programs make."""

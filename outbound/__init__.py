"""HTTP requests to other servers, kept out of private networks."""

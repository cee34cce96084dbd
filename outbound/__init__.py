"""HTTP requests to other servers: `client` (one exchange), `private_networks` (refused addresses), `host_limits`."""

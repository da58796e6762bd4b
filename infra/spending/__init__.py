"""What the platform itself costs: estimated by how it is used, and as the bills have it."""

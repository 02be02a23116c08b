"""What an artifact's manifest, signatures and samples look like. Pure: every package may import it, it imports none."""

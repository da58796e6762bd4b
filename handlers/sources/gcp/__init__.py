"""Google Cloud bills: the standard and the detailed billing export."""

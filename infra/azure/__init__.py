"""Azure: the exports of costs, and who may read them."""

"""Azure bills: cost details of every agreement type and FOCUS exports."""

"""Moving a running environment from Phase 1 to Phase 2, stage by stage, and back."""

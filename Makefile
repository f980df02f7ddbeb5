# The verbs of ./simpul under the names that make gives them. Options: make demo WITH="--port 9000"
VERBS = demo up standby promote pair install test check doctor verify-chain anchor directory burn first-day backup-key backup restore re-pin drill codes

.PHONY: help $(VERBS)

help:
	@./simpul --help

$(VERBS):
	@./simpul $@ $(WITH)

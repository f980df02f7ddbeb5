# The verbs of ./simpul under the names that make gives them. Options: make demo WITH="--port 9000"
VERBS = demo up standby promote pair test check verify-chain anchor burn first-day backup-key backup restore re-pin drill install doctor directory codes

.PHONY: help $(VERBS)

help:
	@./simpul --help

$(VERBS):
	@./simpul $@ $(WITH)

package vault

// Configurations of a PKI mount: they exist as long as the mount, so that destroying
// one changes nothing.
var (
	configURLs = endpoint(
		func(in values) string { return join(in.text("backend"), "config/urls") },
		backend, namespace,
		field{name: "issuing_certificates", kind: list, traits: always},
		field{name: "crl_distribution_points", kind: list, traits: always},
		field{name: "ocsp_servers", kind: list, traits: always},
		field{name: "enable_templating", kind: flag, traits: always},
	)

	configIssuers = endpoint(
		func(in values) string { return join(in.text("backend"), "config/issuers") },
		backend, namespace,
		field{name: "default", traits: always},
		field{name: "default_follows_latest_issuer", kind: flag, traits: always | computed},
	)

	configCRL = endpoint(
		func(in values) string { return join(in.text("backend"), "config/crl") },
		backend, namespace,
		field{name: "expiry"},
		field{name: "disable", kind: flag, standard: false},
		field{name: "ocsp_disable", kind: flag, standard: false},
		field{name: "ocsp_expiry", traits: computed},
		field{name: "auto_rebuild", kind: flag, standard: false},
		field{name: "auto_rebuild_grace_period", traits: computed},
		field{name: "enable_delta", kind: flag, standard: false},
		field{name: "delta_rebuild_interval", traits: computed},
		field{name: "cross_cluster_revocation", kind: flag, traits: computed},
		field{name: "unified_crl", kind: flag, traits: computed},
		field{name: "unified_crl_on_existing_paths", kind: flag, traits: computed},
		field{name: "max_crl_entries", kind: number, traits: computed},
	)

	autoTidy = endpoint(
		func(in values) string { return join(in.text("backend"), "config/auto-tidy") },
		backend, namespace,
		field{name: "enabled", kind: flag, traits: required | always},
		field{name: "min_startup_backoff_duration", traits: computed | duration},
		field{name: "max_startup_backoff_duration", traits: computed | duration},
		field{name: "interval_duration", traits: computed | duration},
		field{name: "safety_buffer", traits: computed | duration},
		field{name: "issuer_safety_buffer", traits: computed | duration},
		field{name: "acme_account_safety_buffer", traits: computed | duration},
		field{name: "revocation_queue_safety_buffer", traits: computed | duration},
		field{name: "pause_duration", traits: computed | duration},
		field{name: "maintain_stored_certificate_counts", kind: flag, traits: always},
		field{name: "publish_stored_certificate_count_metrics", kind: flag, traits: always},
		field{name: "tidy_cert_store", kind: flag, traits: always},
		field{name: "tidy_revoked_certs", kind: flag, traits: always},
		field{name: "tidy_revoked_cert_issuer_associations", kind: flag, traits: always},
		field{name: "tidy_expired_issuers", kind: flag, traits: always},
		field{name: "tidy_move_legacy_ca_bundle", kind: flag, traits: always},
		field{name: "tidy_acme", kind: flag, traits: always},
		field{name: "tidy_revocation_queue", kind: flag, traits: always},
		field{name: "tidy_cross_cluster_revoked_certs", kind: flag, traits: always},
		field{name: "tidy_cert_metadata", kind: flag, traits: always},
		field{name: "tidy_cmpv2_nonce_store", kind: flag, traits: always},
	)
)

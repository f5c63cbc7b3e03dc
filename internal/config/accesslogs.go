package config

// AccessLogs holds whether CloudFront writes down each request.
type AccessLogs struct {
	Enabled bool
	Destroy bool // delete the bucket with the logs in it when it goes
}

func readAccessLogs(r *reader) AccessLogs {
	return AccessLogs{
		Enabled: r.boolean("accessLogsEnabled", false),
		Destroy: r.boolean("accessLogsDestroy", false),
	}
}

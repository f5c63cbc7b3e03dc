package config

// AccessLogs holds whether CloudFront logs each request.
type AccessLogs struct {
	Enabled bool
	Destroy bool // delete the bucket even if it has logs
}

var (
	accessLogsEnabled = setting[bool]{
		key: "accessLogsEnabled", basic: true,
		description: "Whether CloudFront logs every request in an S3 bucket, where it is kept for logRetentionDays.",
	}
	accessLogsDestroy = setting[bool]{
		key:         "accessLogsDestroy",
		description: "Whether the bucket is deleted together with the logs in it. If not, a bucket with logs can't be deleted.",
	}
)

func readAccessLogs(r *reader) AccessLogs {
	return AccessLogs{Enabled: accessLogsEnabled.read(r), Destroy: accessLogsDestroy.read(r)}
}

package config

// retentionDays are the periods that CloudWatch Logs offers (its API reference,
// PutRetentionPolicy). "Never" is not among them: a forgotten log is kept and paid
// for without end.
var retentionDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

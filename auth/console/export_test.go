package console

import "time"

// What is tested by itself.
var (
	DeviceOf = deviceOf
	Notices  = notices
)

// Relative returns how at is told at now.
func Relative(at, now time.Time) string { return moment{at, now}.Relative() }

package jwks

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	day         = 24 * time.Hour
	maxLifetime = 365 * day
)

var units = map[string]time.Duration{
	"s": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": day, "day": day, "days": day,
	"w": 7 * day, "week": 7 * day, "weeks": 7 * day,
}

// parseLifetime reads a whole number, a unit, and a space between them or not.
func parseLifetime(text string) (time.Duration, error) {
	unit := strings.TrimLeft(text, "0123456789")
	number := strings.TrimSuffix(text, unit)
	size, known := units[strings.TrimPrefix(unit, " ")]
	switch {
	case number != "" && strings.TrimSpace(unit) == "":
		return 0, errors.New("number without a unit, which is seconds to some and milliseconds to others: add s, m, h, d or w")
	case number == "" || !known:
		return 0, errors.New("not a whole number and s, m, h, d or w, such as 15m or 1d")
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 1 || n > int64(maxLifetime/size) {
		return 0, errors.New("not between one second and 365 days")
	}
	return time.Duration(n) * size, nil
}

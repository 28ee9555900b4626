package console

import (
	"fmt"
	"time"
)

// A moment is a time as people read it.
type moment struct{ at, now time.Time }

func (v *visit) moment(at time.Time) moment { return moment{at.UTC(), v.now.UTC()} }

// IsZero reports whether it never was.
func (m moment) IsZero() bool { return m.at.IsZero() }

// Datetime returns the time for the attribute of that name.
func (m moment) Datetime() string { return m.at.Format(time.RFC3339) }

// Full returns the time of day and the date.
func (m moment) Full() string { return m.at.Format("2 Jan 2006, 15:04 UTC") }

// Relative returns how long ago it was or will be, and the date if that is far.
func (m moment) Relative() string {
	if m.at.Sub(m.now).Abs() >= 60*day {
		return m.at.Format("2 Jan 2006")
	}
	return m.Distance()
}

// Distance returns how long ago it was or will be.
func (m moment) Distance() string {
	d := m.at.Sub(m.now)
	form, least := "in %s", "in less than a minute"
	if d <= 0 {
		d, form, least = -d, "%s ago", "just now"
	}
	switch {
	case d < time.Minute:
		return least
	case d < time.Hour:
		return fmt.Sprintf(form, count(d/time.Minute, "minute"))
	case d < 2*day:
		return fmt.Sprintf(form, count(d/time.Hour, "hour"))
	}
	return fmt.Sprintf(form, count(d.Round(day)/day, "day"))
}

func count(n time.Duration, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", int64(n), unit)
}

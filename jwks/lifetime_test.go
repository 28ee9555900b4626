package jwks_test

import (
	"strings"
	"testing"
	"time"
)

func TestExpiresIn(t *testing.T) {
	const (
		notUnit   = "number without a unit, which is seconds to some and milliseconds to others"
		notNumber = "not a whole number and"
		bounds    = "not between one second"
	)
	tests := []struct {
		text  string
		want  time.Duration
		error string
	}{
		{"1s", time.Second, ""},
		{"1 second", time.Second, ""},
		{"15m", 15 * time.Minute, ""},
		{"15 minutes", 15 * time.Minute, ""},
		{"1minute", time.Minute, ""},
		{"2h", 2 * time.Hour, ""},
		{"1 hour", time.Hour, ""},
		{"1d", 24 * time.Hour, ""},
		{"1 day", 24 * time.Hour, ""},
		{"365 days", 365 * 24 * time.Hour, ""},
		{"1w", 7 * 24 * time.Hour, ""},
		{"52 weeks", 364 * 24 * time.Hour, ""},
		{"31536000s", 365 * 24 * time.Hour, ""},
		{"3600", 0, notUnit},
		{"3600 ", 0, notUnit},
		{"0", 0, notUnit},
		{"0s", 0, bounds},
		{"31536001s", 0, bounds},
		{"366d", 0, bounds},
		{"53w", 0, bounds},
		{"9223372036854775807w", 0, bounds},
		{"18446744073709551617s", 0, bounds},
		{"-1d", 0, notNumber},
		{"+1d", 0, notNumber},
		{"1.5h", 0, notNumber},
		{"1h30m", 0, notNumber},
		{"1  day", 0, notNumber},
		{" 1d", 0, notNumber},
		{"1d ", 0, notNumber},
		{"1d\n", 0, notNumber},
		{"1D", 0, notNumber},
		{"1M", 0, notNumber},
		{"100ms", 0, notNumber},
		{"1y", 0, notNumber},
		{"1e3s", 0, notNumber},
		{"٣d", 0, notNumber},
		{"d", 0, notNumber},
		{"never", 0, notNumber},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			e, err := fromEnv(env{"JWT_SECRET_KEY": string(secret), "JWT_EXPIRES_IN": tt.text})
			if tt.error != "" {
				if e != nil || err == nil || !strings.HasPrefix(err.Error(), "jwks: JWT_EXPIRES_IN: "+tt.error) {
					t.Errorf("%v, error %v, want %q", e, err, tt.error)
				}
				return
			}
			if err != nil || e.Lifetime != tt.want {
				t.Errorf("%+v, %v, want %v", e, err, tt.want)
			}
		})
	}
}

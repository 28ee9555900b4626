package login

import (
	"context"
	"errors"
	"log/slog"
)

// A Service logs people in by its methods, keeps who they are, and hands their logins to the sessions. Make one with [New]; its
// settings do not change, and many goroutines may use it at once. [NewHandler] is the HTTP API to it.
//
// An error of its methods that wraps [auth.ErrUnavailable] says that a store did not answer: what was asked for may have
// been done or not, and may be asked for again. What [ErrNotFound], [ErrExists] and [ErrLinked] are to a client says [Refusal];
// all others [auth.Guard.Refuse] answers as they should be.
type Service struct {
	config   Config
	methods  map[string]Method
	tokens   *Tokens
	throttle *throttle
	edits    clock // of the changes of identities
}

// New returns the service that c describes, or all that is wrong with c.
func New(c Config) (*Service, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Service{config: c, methods: map[string]Method{}}
	for _, m := range c.Methods {
		s.methods[m.ID] = m
	}
	var tokensErr, throttleErr error
	s.tokens, tokensErr = NewTokens(TokensConfig{Store: c.Tokens, StoreTimeout: c.StoreTimeout})
	s.throttle, throttleErr = newThrottle(c.Throttle, c.Attempts, c.Tokens, c.StoreTimeout)
	if err := errors.Join(tokensErr, throttleErr); err != nil {
		return nil, err
	}
	s.throttle.onThrottled = s.tellThrottled
	return s, nil
}

// Tokens returns the one-time tokens of the service, for invitations and other purposes of the application.
func (s *Service) Tokens() *Tokens { return s.tokens }

func (s *Service) logger() *slog.Logger {
	if s.config.Logger != nil {
		return s.config.Logger
	}
	return slog.Default()
}

// lasting returns ctx without its end, for what must be done although the client has hung up.
func lasting(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

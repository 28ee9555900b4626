package jwtx

import (
	"context"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A patience is how long a verification may wait for others. Its context is made when somebody has to be waited for, which
// is never for most tokens.
type patience struct {
	parent  context.Context
	limit   time.Duration
	timeout *auth.Timeout
}

func (p *patience) context() context.Context {
	if p.timeout == nil {
		p.timeout = auth.NewTimeout(p.parent, p.limit)
	}
	return p.timeout
}

func (p *patience) end() {
	if p.timeout != nil {
		p.timeout.Stop()
	}
}

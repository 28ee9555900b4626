package login

import (
	"context"
	"log/slog"
	"strings"
)

// tell hands an event to the application, whatever becomes of the request. What it does with it changes nothing here.
func (s *Service) tell(ctx context.Context, e Event) {
	if s.config.OnEvent == nil {
		return
	}
	ctx = lasting(ctx)
	defer func() {
		if v := recover(); v != nil {
			s.logger().LogAttrs(ctx, slog.LevelError, "login: an event was not taken",
				slog.String("event", string(e.Kind)), slog.Any("error", panicked("OnEvent", v)))
		}
	}()
	s.config.OnEvent(ctx, e)
}

// tellThrottled says that others have to wait who try to log in to an account. There may be none: that is looked for in
// any case.
func (s *Service) tellThrottled(ctx context.Context, a attempt) {
	provider, entityID, _ := strings.Cut(a.account, "\x00")
	e := Event{Kind: Throttled, Provider: provider, EntityID: entityID}
	if i, err := s.find(ctx, provider, entityID); err == nil {
		p, _ := i.By(provider, entityID)
		e.IdentityID, e.Identifier = i.ID, p.Identifier
	}
	s.tell(ctx, e)
}

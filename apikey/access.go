package apikey

import (
	"context"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// An Access is a [Manager] in the hands of somebody who may not do everything: see [Manager.As]. What a key is to somebody
// who may not read it is [ErrNotFound], as for a key that is not there; what they may read but not do is an [*auth.Error]
// with the status 403. All other errors are those of the manager's methods, or of a policy that could not find out.
type Access struct {
	m  *Manager
	by auth.AuthContext
}

// As returns what by may do with keys, which the [Policy] of [Config] says. The policy is asked again whenever another got
// in between, so nobody changes a key that became another. To delete one it is asked once, right before: what decides there,
// that the key was revoked, cannot be undone.
func (m *Manager) As(by auth.AuthContext) *Access { return &Access{m: m, by: by} }

// Owner returns whose keys are by's own: by's actor, or for a request that came with a key the owner of that. It is the zero
// Actor for somebody who cannot have any.
func (a *Access) Owner() auth.Actor {
	owner, ok := ownerOf(a.by)
	if !ok {
		return auth.Actor{}
	}
	return owner
}

// Issue makes a key, see [Manager.Issue]. Without an owner it is by's own. Who created it is by, whatever s says.
func (a *Access) Issue(ctx context.Context, s Spec) (Key, token.Secret, error) {
	if err := a.known(); err != nil {
		return Key{}, token.Secret{}, err
	}
	if s.Owner == (auth.Actor{}) {
		s.Owner = a.Owner()
	}
	s.CreatedBy = a.by.Actor.ID
	return a.m.issue(ctx, a, s)
}

// Get returns a key, see [Manager.Get].
func (a *Access) Get(ctx context.Context, id string) (Key, error) { return a.m.read(ctx, a, id) }

// Find returns the keys that q asks for, see [Manager.Find]. Without an owner they are everybody's where by may list those,
// else by's own.
func (a *Access) Find(ctx context.Context, q Query) ([]Key, int, error) {
	err := a.may(ctx, ActionList, Key{Owner: q.Owner})
	if own := a.Owner(); isNo(err) && own != (auth.Actor{}) && q.Owner == (auth.Actor{}) {
		q.Owner = own
		err = a.may(ctx, ActionList, Key{Owner: own})
	}
	if err != nil {
		return nil, 0, err
	}
	return a.m.Find(ctx, q)
}

// Update changes a key, see [Manager.Update]. Who did it is by, whatever c says.
func (a *Access) Update(ctx context.Context, id string, c Change) (Key, error) {
	if err := a.known(); err != nil {
		return Key{}, err
	}
	c.By = a.by.Actor.ID
	return a.m.update(ctx, a, id, c)
}

// Rotate exchanges a key for a new one, see [Manager.Rotate]. Who did it is by, whatever rot says.
func (a *Access) Rotate(ctx context.Context, id string, rot Rotation) (Key, token.Secret, error) {
	if err := a.known(); err != nil {
		return Key{}, token.Secret{}, err
	}
	rot.By = a.by.Actor.ID
	return a.m.rotate(ctx, a, id, rot)
}

// Revoke ends a key, see [Manager.Revoke]. Who did it is by, whatever rev says.
func (a *Access) Revoke(ctx context.Context, id string, rev Revocation) (Key, error) {
	return a.revoke(ctx, id, rev, false)
}

func (a *Access) revoke(ctx context.Context, id string, rev Revocation, once bool) (Key, error) {
	if err := a.known(); err != nil {
		return Key{}, err
	}
	rev.By = a.by.Actor.ID
	return a.m.revoke(ctx, a, id, rev, once)
}

// Disable has a key refused for now, see [Manager.Disable], also where its owner was first. DisabledBy is by's type and ID
// with a colon between them, and for a request that came with a key those of its owner.
func (a *Access) Disable(ctx context.Context, id string) (Key, error) {
	if err := a.known(); err != nil {
		return Key{}, err
	}
	return a.m.disable(ctx, a, id, nameOf(a.Owner()))
}

// Enable has a key work again, see [Manager.Enable].
func (a *Access) Enable(ctx context.Context, id string) (Key, error) {
	if err := a.known(); err != nil {
		return Key{}, err
	}
	return a.m.enable(ctx, a, id, nameOf(a.Owner()))
}

// Delete removes a key, see [Manager.Delete].
func (a *Access) Delete(ctx context.Context, id string) error {
	if err := a.known(); err != nil {
		return err
	}
	return a.m.remove(ctx, a, id, a.by.Actor.ID)
}

// known returns an error for somebody who cannot be written down.
func (a *Access) known() error {
	if a.by.Actor.Type == "" || a.by.Actor.ID == "" {
		return forbidden("An actor is required")
	}
	return nil
}

// may asks the policy. A nil a is the program itself, which may do everything.
func (a *Access) may(ctx context.Context, action Action, k Key) error {
	if a == nil {
		return nil
	}
	return decided(a.m.config.Policy(ctx, a.by, action, k))
}

// mayChange asks the policy about a change from k to next.
func (a *Access) mayChange(ctx context.Context, action Action, k, next Key) error {
	if err := a.may(ctx, action, k); err != nil || action != ActionUpdate {
		return err
	}
	return a.may(ctx, action, next)
}

// read returns a key that a may read.
func (m *Manager) read(ctx context.Context, a *Access, id string) (Key, error) {
	k, err := m.get(ctx, id)
	if err != nil {
		return Key{}, err
	}
	if err := a.may(ctx, ActionRead, k); isNo(err) {
		return Key{}, ErrNotFound
	} else if err != nil {
		return Key{}, err
	}
	return k, nil
}

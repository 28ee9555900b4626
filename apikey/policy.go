package apikey

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// An Action is what somebody wants to do with a key.
type Action string

// The actions that a [Policy] is asked about.
const (
	ActionList    Action = "list"
	ActionRead    Action = "read"
	ActionCreate  Action = "create"
	ActionUpdate  Action = "update"
	ActionRotate  Action = "rotate"
	ActionRevoke  Action = "revoke"
	ActionDisable Action = "disable"
	ActionEnable  Action = "enable"
	ActionDelete  Action = "delete"
)

// A Policy says whether by may do something with a key. It returns nil, an [*auth.Error] with the status 403, which is its
// "no" and may have a message for the client, or any other error: nothing is done then, and the caller gets the error.
//
// k is the key as it is. To create and to rotate it is the key as it would be, without an ID; to rotate, it names the one
// that it replaces. To update, the policy is asked twice: about the key as it is, and as it would be. To list, k has nothing
// but the owner whose keys are wanted, and not even that for those of everybody: who may list them sees them all.
// Before anything else but create and list is done to a key, the policy is asked whether by may read it.
//
// It is called by many goroutines at once.
type Policy func(ctx context.Context, by auth.AuthContext, action Action, k Key) error

// OwnKeys is the [Policy] that lets everybody do everything with the keys that are theirs, and nothing with others. Theirs
// are those of by's actor, which needs a type and an ID; for a request that came with a key, those of that key's owner, if
// it has the scope "*": one for a narrower purpose is not for this. They may create and rotate keys with such scopes only as
// they have themselves, see [auth.AuthContext.Allows], and enable no key that somebody else has disabled, which its
// DisabledBy tells.
func OwnKeys(_ context.Context, by auth.AuthContext, action Action, k Key) error {
	owner, ok := ownerOf(by)
	if !ok || owner != k.Owner {
		return forbidden("You may not do this with the keys of others")
	}
	if by.Scheme == schemeName && !by.Scopes.Has("*") {
		return forbidden("This key is not for managing keys")
	}
	if action == ActionEnable && !k.ownerMayEnable() {
		return forbidden("Somebody else has disabled this key")
	}
	if action == ActionCreate || action == ActionRotate {
		for scope := range k.Scopes.All() {
			if !by.Allows(scope) {
				return forbidden("You may not give a key scopes that you do not have")
			}
		}
	}
	return nil
}

// ownerMayEnable reports whether nobody but its owner has disabled k.
func (k Key) ownerMayEnable() bool { return k.DisabledBy == "" || k.DisabledBy == nameOf(k.Owner) }

// ownerOf returns whose keys are by's own.
func ownerOf(by auth.AuthContext) (auth.Actor, bool) {
	owner := by.Actor
	if by.Scheme == schemeName {
		k, _ := auth.Value[Key](by)
		owner = k.Owner
	}
	return owner, owner.Type != "" && owner.ID != ""
}

// nameOf returns what tells an actor from all others, also those of another type, and is no longer than a key can hold.
func nameOf(a auth.Actor) string {
	name := a.Type + ":" + a.ID
	if len(name) <= maxName {
		return name
	}
	sum := token.Sum(name)
	return hex.EncodeToString(sum[:])
}

// decided returns the error of a policy as the answer that it is: its own, or that somebody could not find out. Of any other
// it is not known what refused the policy, and not the client.
func decided(err error) error {
	if own := (*auth.Error)(nil); err == nil || errors.As(err, &own) || auth.IsUnavailable(err) {
		return err
	}
	return &auth.Error{Status: http.StatusInternalServerError, Err: err}
}

func forbidden(message string) error {
	return &auth.Error{Status: http.StatusForbidden, Message: message}
}

// isNo reports whether err is the "no" of a policy, and not that it could not find out.
func isNo(err error) bool {
	var no *auth.Error
	return errors.As(err, &no) && no != nil && no.Status == http.StatusForbidden && !auth.IsUnavailable(err)
}

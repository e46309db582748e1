package http_test

import (
	"bytes"

	"github.com/rs/zerolog"

	web "github.com/jobmon-db/jobmon-db/cmd/jobmon-db/http"
	"github.com/jobmon-db/jobmon-db/configs"
)

func key() []byte { return bytes.Repeat([]byte{7}, 32) } // of sessions

// open asks for no token.
func open() *web.Access { return web.NewAccess(nil, key, zerolog.Nop()) }

// tokens asks for one of these.
func tokens(list ...string) *web.Access { return web.NewAccess(entries(list...), key, zerolog.Nop()) }

// entries are tokens that open everything.
func entries(list ...string) (all []configs.Token) {
	for _, token := range list {
		all = append(all, configs.Token{Scope: configs.ScopeRead, Digest: configs.DigestOf(token)})
	}
	return all
}

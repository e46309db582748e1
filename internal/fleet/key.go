package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/jobmon-db/jobmon-db/internal/secretfile"
)

// NewKey makes the key pair of a site: the seed is its secret, the public key is what the server knows.
func NewKey() (seed, public string, err error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return "", "", fmt.Errorf("make a key: %w", err)
	}
	secret, err := pair.Seed()
	if err == nil {
		public, err = pair.PublicKey()
	}
	return string(secret), public, err
}

// MakeKey writes the seed of a new key into a file that only the account, "" for this one, can read, and returns its
// public key. A file that is there stays as it is: its public key is returned.
func MakeKey(path, account string) (public string, made bool, err error) {
	switch _, err := os.Lstat(path); {
	case err == nil:
		public, err = PublicKey(path)
		return public, false, err
	case !errors.Is(err, fs.ErrNotExist):
		return "", false, fmt.Errorf("look for %s: %w", path, err)
	}
	seed, public, err := NewKey()
	if err == nil {
		err = secretfile.Write(path, seed, account)
	}
	return public, err == nil, err
}

// PublicKey returns the public key of the credential in a file.
func PublicKey(path string) (string, error) {
	pair, _, err := readKey(path)
	if err != nil {
		return "", err
	}
	return pair.PublicKey()
}

// readKey reads a credential: the seed of an nkey, or a .creds file, whose server asks for its JWT too.
func readKey(path string) (pair nkeys.KeyPair, signed bool, err error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, fmt.Errorf("there is no credential %s: \"jobmon-db fleet init --key %[1]s\" makes one", path)
	case errors.Is(err, fs.ErrPermission):
		return nil, false, &advised{
			what: fmt.Sprintf("this account must not read the credential %s", path),
			next: "give the account of the service the right to read it, and no other: chown on Linux, icacls on " +
				"Windows",
			kind: err,
		}
	case err != nil:
		return nil, false, fmt.Errorf("read the credential for NATS: %w", err)
	}
	signed = bytes.Contains(text, []byte("BEGIN NATS USER JWT"))
	if pair, err = nkeys.ParseDecoratedNKey(text); err == nil {
		return pair, signed, nil
	}
	seed, err := secretfile.Read(path) // on Windows it may be protected
	if err == nil {
		pair, err = nkeys.FromSeed([]byte(strings.TrimSpace(seed)))
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s holds neither the seed of an nkey, which begins with SU, nor a .creds "+
			"file: %w", path, err)
	}
	return pair, false, nil
}

// identify is the option that shows the server who this is, nil for nobody.
func (s *Settings) identify() (nats.Option, error) {
	var pair nkeys.KeyPair
	var err error
	switch {
	case s.seed != "":
		pair, err = nkeys.FromSeed([]byte(s.seed))
	case s.Credentials == "":
		return nil, nil
	default:
		var signed bool
		if pair, signed, err = readKey(s.Credentials); signed && err == nil {
			return nats.UserCredentials(s.Credentials), nil
		}
	}
	if err != nil {
		return nil, err
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("use the seed of an nkey: %w", err)
	}
	return nats.Nkey(public, pair.Sign), nil
}

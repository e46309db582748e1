// Package secretfile keeps one secret, such as a password, in a file of its own.
//
// On Windows the content is protected by DPAPI with the scope of the machine, and the file's own rights say who may
// read it. Both are needed: any program on the machine can undo the protection of what it can read, while a protection
// with a user's scope could not be undone by the service's account. What the protection adds is that a copy of the
// file, in a backup or on a stolen disk, is of no use elsewhere. On other systems the file holds the secret as it is,
// and its mode is 0600.
//
// A file that holds nothing but the secret as text, made with any editor, can be read on every system.
package secretfile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jobmon-db/jobmon-db/internal/atomicfile"
	"github.com/jobmon-db/jobmon-db/internal/textfile"
	"github.com/jobmon-db/jobmon-db/internal/words"
)

// Longest is how many bytes of UTF-8 a secret can have. Passwords of SQL Server have up to 128 letters.
const Longest = 1024

// largest is how many bytes are read of a file: a protected secret is longer than the secret.
const largest = 16 << 10

// magic begins a file that is more than text. A version and the name of a protection follow, then a line with the
// protected secret in base64.
const magic = "jobmon-db secret "

const version = "v1"

// protector makes a secret unreadable for those who only have the file.
type protector interface {
	name() string // a word without spaces
	protect(secret []byte) ([]byte, error)
	unprotect(protected []byte) ([]byte, error)
}

// Write replaces the file at path, or creates it, durably: after a crash it is the old one or the new one. Nobody but
// account, and on Windows SYSTEM and the Administrators, can read the file at any moment. An empty account is the one
// that runs this program on Unix, and on Windows no further one. Errors never repeat the secret; those of Check, of an
// account that does not exist, of rights and of the file system are returned before the old file is touched.
func Write(path, secret, account string) error {
	if err := Check(secret); err != nil {
		return err
	}
	create, err := creator(account)
	if err != nil {
		return err
	}
	content, err := encode(secret, system())
	if err != nil {
		return err
	}
	return atomicfile.WriteDurableWith(path, content, create)
}

// Read gives the secret in the file at path. Errors name the file and what to do, and never repeat its content.
func Read(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", unreadable(path, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return "", unreadable(path, err)
	}
	secret, err := decode(content, system())
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return secret, nil
}

// unreadable is an error of the file system with what to do about it. It can be told with errors.Is.
func unreadable(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no file %s; `jobmon-db config set-secret` writes one%w", path, words.KindOf(err))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("this account may not read %s; write it with --account and the account that reads it%w", path,
			words.KindOf(err))
	}
	return err
}

// Check says why a text cannot be a secret in a file, or nil: it is empty or too long, has several lines, control
// characters, or is no UTF-8. The error does not repeat it.
func Check(secret string) error {
	switch {
	case secret == "":
		return errors.New("the secret is empty")
	case len(secret) > Longest:
		return fmt.Errorf("the secret is longer than %d bytes", Longest)
	case !utf8.ValidString(secret):
		return errors.New("the secret is not text in UTF-8")
	case strings.ContainsAny(secret, "\r\n"):
		return errors.New("the secret has more than one line")
	case strings.ContainsFunc(secret, unicode.IsControl):
		return errors.New("the secret holds a control character")
	case strings.HasPrefix(secret, magic):
		return fmt.Errorf("the secret begins like a file of this program, with %q", magic)
	}
	return nil
}

// Text takes a secret out of a text file or out of what a program wrote, in whatever encoding textfile knows, and
// removes one line end from its end. An error is that of Check, or says why this is no text.
func Text(content []byte) (string, error) {
	decoded, err := textfile.Decode(content)
	if err != nil {
		return "", fmt.Errorf("this is no secret in plain text: %w", err)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(decoded), "\n"), "\r")
	return text, Check(text)
}

// encode is the content of a file; without a protector it is plain text.
func encode(secret string, by protector) ([]byte, error) {
	if by == nil {
		return []byte(secret + "\n"), nil
	}
	protected, err := by.protect([]byte(secret))
	if err != nil {
		return nil, fmt.Errorf("protect the secret with %s: %w", by.name(), err)
	}
	return fmt.Appendf(nil, "%s%s %s\n%s\n", magic, version, by.name(),
		base64.StdEncoding.EncodeToString(protected)), nil
}

const again = "write it again here with `jobmon-db config set-secret`"

// decode is the secret in the content of a file.
func decode(content []byte, by protector) (string, error) {
	if len(content) > largest {
		return "", fmt.Errorf("the file is larger than %d bytes; it must hold nothing but the secret", largest)
	}
	rest, ours := bytes.CutPrefix(content, []byte(magic))
	if !ours {
		return Text(content)
	}
	head, body, _ := strings.Cut(string(rest), "\n")
	wrote, scheme, _ := strings.Cut(strings.TrimSpace(head), " ")
	switch {
	case wrote != version:
		return "", errors.New("the secret was written by a newer version of this program, or its first line is " +
			"damaged; " + again)
	case by == nil || by.name() != scheme:
		return "", fmt.Errorf("the secret is protected with %s, by Windows and for the computer that it was written "+
			"on; %s", printable(scheme), again)
	}
	protected, err := base64.StdEncoding.DecodeString(strings.TrimSpace(body))
	if err != nil {
		return "", errors.New("the protected secret is damaged; " + again)
	}
	secret, err := by.unprotect(protected)
	if err != nil {
		return "", fmt.Errorf("the protection with %s cannot be undone (%w); it was written on another computer, or "+
			"before this one was set up anew; %s", scheme, err, again)
	}
	return string(secret), Check(string(secret))
}

// printable keeps a word of a damaged file short and plain.
func printable(word string) string {
	if word == "" || len(word) > 16 || strings.ContainsFunc(word, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return "something unknown"
	}
	return word
}

// descriptor are the owner and the rights of a file on Windows, in SDDL: it is the Administrators'; everything for
// SYSTEM and the Administrators, reading for the account with this SID unless it is empty, nothing for others, and
// nothing inherited.
func descriptor(sid string) string {
	sddl := "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)"
	if sid != "" {
		sddl += "(A;;FR;;;" + sid + ")"
	}
	return sddl
}

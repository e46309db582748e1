package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jobmon-db/jobmon-db/internal/notices"
)

// secretPrefix begins a secret as Standard Webhooks writes it.
const secretPrefix = "whsec_"

// ParseSecret reads a secret of Standard Webhooks: whsec_ and 24 to 64 bytes in base64. The error does not repeat it.
func ParseSecret(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), secretPrefix))
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("the secret must be whsec_ and 24 to 64 bytes in base64; " +
			"`openssl rand -base64 32` makes what stands behind whsec_")
	}
	return key, nil
}

// signatures are those of a message, one for each key, as Standard Webhooks says.
func signatures(keys [][]byte, id, timestamp string, body []byte) string {
	var list []string
	for _, key := range keys {
		sum := hmac.New(sha256.New, key)
		fmt.Fprintf(sum, "%s.%s.%s", id, timestamp, body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(sum.Sum(nil)))
	}
	return strings.Join(list, " ")
}

// webhook sends CloudEvents as structured JSON, signed as Standard Webhooks says.
type webhook struct {
	*client
	keys  [][]byte // none: not signed; while a secret is replaced there are two
	token string   // for the header Authorization; "" for none
	body  func(*notices.Message) ([]byte, error)
}

// Send implements Target.
func (w *webhook) Send(ctx context.Context, m *notices.Message) error {
	body, err := w.body(m)
	if err != nil {
		return unwritable(err)
	}
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	header := http.Header{}
	header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	header.Set("webhook-id", m.ID)
	header.Set("webhook-timestamp", timestamp)
	if len(w.keys) > 0 {
		header.Set("webhook-signature", signatures(w.keys, m.ID, timestamp, body))
	}
	authorize(header, w.token)
	_, err = w.do(ctx, http.MethodPost, header, body)
	return err
}

// Probe implements Target. Few receivers know HEAD: an answer that says so is a good one.
func (w *webhook) Probe(ctx context.Context) (string, error) {
	const found = "answers an empty request (HEAD)"
	header := http.Header{}
	authorize(header, w.token)
	_, err := w.do(ctx, http.MethodHead, header, nil)
	refused := new(Refusal)
	if !errors.As(err, &refused) {
		return found, err
	}
	switch refused.Status {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return found + ": " + strings.TrimPrefix(refused.Answer, "the receiver answers "), nil
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusGone:
		return "", err
	}
	return "", &Unsure{err}
}

func authorize(header http.Header, token string) {
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
}

// unwritable is the error of a message that has no text: no further try makes one.
func unwritable(err error) error {
	return &Refusal{Answer: fmt.Sprintf("the message cannot be written: %v", err), Never: true}
}

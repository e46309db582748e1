package http

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// policy lets a page load what this server has, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secured sets the headers of a page.
func secured(h http.Header) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Vary", "Accept-Encoding, Accept-Language, Cookie, "+fragmentHeader)
}

// worthPacking is from how many bytes on an answer is compressed.
const worthPacking = 1 << 10

// packers are reused: each has about 800 KiB of tables.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is one
	return z
}}

// send answers with a content whose headers are set, compressed for a client that can take that.
func send(w http.ResponseWriter, r *http.Request, code int, content []byte) {
	if len(content) >= worthPacking && takesGzip(r.Header.Get("Accept-Encoding")) {
		w.Header().Set("Content-Encoding", "gzip")
		content = packed(content)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(code)
	if r.Method != http.MethodHead {
		_, _ = w.Write(content) // the client may have gone
	}
}

func packed(content []byte) []byte {
	var b bytes.Buffer
	z := packers.Get().(*gzip.Writer)
	defer packers.Put(z)
	z.Reset(&b)
	_, _ = z.Write(content) // into memory
	_ = z.Close()
	return b.Bytes()
}

// takesGzip reads Accept-Encoding.
func takesGzip(accepts string) bool {
	for _, one := range weighted(accepts) {
		if one == "gzip" || one == "*" {
			return true
		}
	}
	return false
}

// languageOf is the language of a page: what the address says, else the first that the browser prefers.
func languageOf(r *http.Request) string {
	for _, tag := range append([]string{r.URL.Query().Get("lang")}, weighted(r.Header.Get("Accept-Language"))...) {
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		switch base {
		case "en", "de", "fr":
			return base
		}
	}
	return "en"
}

// weighted lists the words of a header such as "de-CH, fr;q=0.8", the most wanted first, without those of weight 0.
func weighted(header string) (list []string) {
	const most = 20 // a longer list is nobody's
	var weights []float64
	for part := range strings.SplitSeq(header, ",") {
		word, rest, _ := strings.Cut(strings.TrimSpace(part), ";")
		weight := 1.0
		if text, ok := strings.CutPrefix(strings.ReplaceAll(rest, " ", ""), "q="); ok {
			var err error
			if weight, err = strconv.ParseFloat(text, 64); err != nil {
				weight = 0
			}
		}
		if word = strings.TrimSpace(word); word == "" || !(weight > 0) || len(list) == most {
			continue
		}
		at := len(list)
		for at > 0 && weights[at-1] < weight {
			at--
		}
		list, weights = slices.Insert(list, at, word), slices.Insert(weights, at, weight)
	}
	return list
}

package http

import (
	"net/url"
	"strings"
)

// What stands behind the server's address. docs/http.md lists it.
const (
	loginRoute  = "/login"
	logoutRoute = "/logout"
	assetsRoute = "/assets/"
	apiRoute    = "/api/v1/"
	streamRoute = "/api/v1/stream"
	pictureRoot = "/evt/"
)

// fragmentHeader asks for a part of a page.
const fragmentHeader = "X-Fragment"

// isCode says whether the path is that of a page which a code opens.
func isCode(path string) bool {
	return strings.HasPrefix(path, "/q/") || strings.HasPrefix(path, "/Q/")
}

// isPublic says whether the path is answered to everybody: it shows nothing.
func isPublic(path string) bool {
	return path == loginRoute || path == logoutRoute || strings.HasPrefix(path, assetsRoute)
}

// isPicture says whether the path is that of one computer's picture.
func isPicture(path string) bool { return strings.HasPrefix(path, pictureRoot) }

// isPage says whether the path is that of a page for people.
func isPage(path string) bool {
	return path == "/" || path == "/wall" || path == "/reports" || strings.HasPrefix(path, "/reports/") ||
		strings.HasPrefix(path, "/c/")
}

// localPath is where to go after the login: a page of this server, whatever was asked for.
func localPath(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil || !isPage(u.Path) ||
		strings.HasPrefix(u.EscapedPath(), "//") || strings.ContainsAny(text, "\\") {
		return "/"
	}
	return (&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery}).String()
}

#!/bin/sh
# The page: asks the api and says what it heard.
visits=$(wget -qO- "$API_URL/cgi-bin/visits") || visits=unknown
printf 'Content-Type: text/html\r\n\r\n'
cat <<PAGE
<!DOCTYPE html>
<html lang="en">
<title>stowage demo</title>
<h1>It works</h1>
<p>demo-web asked demo-api, which asked demo-state: visit number <b>$visits</b>.</p>
<p>The number lies in the volume demo-visits and outlives all three containers.</p>
</html>
PAGE

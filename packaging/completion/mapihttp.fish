# Completion of 'mapihttp' for fish; the command itself knows what may follow.
function __mapihttp_candidates
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    $words[1] complete (count $words) $words "$typed" 2>/dev/null
end
complete -c mapihttp -f -n 'count (__mapihttp_candidates)' -a '(__mapihttp_candidates)'

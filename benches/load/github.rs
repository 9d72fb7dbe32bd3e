//! A `pull_request` delivery in the shape and size in which GitHub sends it: most of it addresses.

use serde_json::{Map, Value, json};

fn urls(base: &str, fields: &[(&str, &str)]) -> Map<String, Value> {
    fields.iter().map(|(name, tail)| ((*name).to_owned(), format!("{base}{tail}").into())).collect()
}

fn user(login: &str, id: u64) -> Value {
    let mut user = urls(
        &format!("https://api.github.com/users/{login}"),
        &[
            ("url", ""),
            ("followers_url", "/followers"),
            ("following_url", "/following{/other_user}"),
            ("gists_url", "/gists{/gist_id}"),
            ("starred_url", "/starred{/owner}{/repo}"),
            ("subscriptions_url", "/subscriptions"),
            ("organizations_url", "/orgs"),
            ("repos_url", "/repos"),
            ("events_url", "/events{/privacy}"),
            ("received_events_url", "/received_events"),
        ],
    );
    user.insert("login".to_owned(), login.into());
    user.insert("id".to_owned(), id.into());
    user.insert("node_id".to_owned(), format!("MDQ6VXNlcjIxMDMx{id}").into());
    user.insert(
        "avatar_url".to_owned(),
        format!("https://avatars1.githubusercontent.com/u/{id}?v=4").into(),
    );
    user.insert("gravatar_id".to_owned(), "".into());
    user.insert("html_url".to_owned(), format!("https://github.com/{login}").into());
    user.insert("type".to_owned(), "User".into());
    user.insert("site_admin".to_owned(), false.into());
    Value::Object(user)
}

const REPOSITORY: &[(&str, &str)] = &[
    ("url", ""),
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    ("notifications_url", "/notifications{?since,all,participating}"),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

fn repository() -> Value {
    let mut repository =
        urls("https://api.github.com/repos/acme-payments/settlement-service", REPOSITORY);
    let rest = json!({
        "id": 186_853_002, "node_id": "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=", "name": "settlement-service",
        "full_name": "acme-payments/settlement-service", "private": true, "owner": user("acme-payments", 21_031_067),
        "html_url": "https://github.com/acme-payments/settlement-service",
        "description": "Settles card payments with the schemes, once a day and to the cent", "fork": false,
        "created_at": "2019-05-15T15:19:25Z", "updated_at": "2026-11-15T15:19:27Z", "pushed_at": "2026-11-20T15:20:32Z",
        "git_url": "git://github.com/acme-payments/settlement-service.git",
        "ssh_url": "git@github.com:acme-payments/settlement-service.git",
        "clone_url": "https://github.com/acme-payments/settlement-service.git",
        "svn_url": "https://github.com/acme-payments/settlement-service", "homepage": null, "size": 40_312,
        "stargazers_count": 3, "watchers_count": 3, "language": "Java", "has_issues": true, "has_projects": true,
        "has_downloads": true, "has_wiki": true, "has_pages": false, "forks_count": 0, "mirror_url": null,
        "archived": false, "disabled": false, "open_issues_count": 2, "license": null, "allow_forking": true,
        "is_template": false, "web_commit_signoff_required": false, "topics": ["payments", "settlement"],
        "visibility": "private", "forks": 0, "open_issues": 2, "watchers": 3, "default_branch": "main",
        "allow_squash_merge": true, "allow_merge_commit": true, "allow_rebase_merge": true, "allow_auto_merge": false,
        "delete_branch_on_merge": true, "allow_update_branch": false, "use_squash_pr_title_as_default": false,
        "squash_merge_commit_message": "COMMIT_MESSAGES", "squash_merge_commit_title": "COMMIT_OR_PR_TITLE",
        "merge_commit_message": "PR_TITLE", "merge_commit_title": "MERGE_MESSAGE",
    });
    if let Value::Object(rest) = rest {
        repository.extend(rest);
    }
    Value::Object(repository)
}

const TEXT: &str = "## What\r\nRounds half to even where the scheme asks for it, and keeps the old way for the rest.\r\n\r\n\
    ## Why\r\nPAY-1182: one cent too many on every two-hundredth settlement since the scheme changed its rules in March. \
    The difference was booked by hand each morning.\r\n\r\n## How it was tried\r\n- [x] unit tests for the seven vectors of \
    the scheme's document\r\n- [x] a replay of October against the booked differences: they are gone\r\n- [ ] the report of \
    the first day, after the deploy\r\n";

/// The delivery of one pull request.
pub(crate) fn pull_request(number: u64) -> Value {
    let base = "https://api.github.com/repos/acme-payments/settlement-service";
    let head = format!("{number:040x}");
    let mut pull = urls(
        &format!("{base}/pulls/{number}"),
        &[
            ("url", ""),
            ("commits_url", "/commits"),
            ("review_comments_url", "/comments"),
            ("review_comment_url", "/comments{/number}"),
        ],
    );
    let side = |name: &str, sha: &str| json!({ "label": format!("acme-payments:{name}"), "ref": name, "sha": sha, "user": user("acme-payments", 21_031_067), "repo": repository() });
    let link = |tail: &str| json!({ "href": format!("{base}{tail}") });
    let rest = json!({
        "id": 279_147_437 + number, "node_id": "MDExOlB1bGxSZXF1ZXN0Mjc5MTQ3NDM3", "number": number, "state": "open",
        "html_url": format!("https://github.com/acme-payments/settlement-service/pull/{number}"),
        "diff_url": format!("https://github.com/acme-payments/settlement-service/pull/{number}.diff"),
        "patch_url": format!("https://github.com/acme-payments/settlement-service/pull/{number}.patch"),
        "issue_url": format!("{base}/issues/{number}"), "comments_url": format!("{base}/issues/{number}/comments"),
        "statuses_url": format!("{base}/statuses/{head}"), "locked": false,
        "title": format!("PAY-{} Round half to even in settlement {number}", number % 5000 + 1),
        "user": user("m-ortiz", 5_210_067), "body": TEXT, "created_at": "2026-11-15T15:20:33Z",
        "updated_at": "2026-11-20T15:20:33Z", "closed_at": null, "merged_at": null,
        "merge_commit_sha": format!("{:040x}", number + 1_000_000), "assignee": user("j-lindqvist", 5_310_442),
        "assignees": [user("j-lindqvist", 5_310_442)], "requested_reviewers": [user("a-novak", 6_114_209)],
        "requested_teams": [], "labels": [
            { "id": 1, "node_id": "MDU6TGFiZWwx", "url": format!("{base}/labels/settlement"), "name": "settlement", "color": "d73a4a", "default": false, "description": "The daily run" },
        ], "milestone": null, "draft": false, "head": side("topic/half-even", &head), "base": side("main", &format!("{:040x}", 7)),
        "_links": {
            "self": link(&format!("/pulls/{number}")), "html": link(&format!("/pull/{number}")),
            "issue": link(&format!("/issues/{number}")), "comments": link(&format!("/issues/{number}/comments")),
            "review_comments": link(&format!("/pulls/{number}/comments")), "review_comment": link("/pulls/comments{/number}"),
            "commits": link(&format!("/pulls/{number}/commits")), "statuses": link(&format!("/statuses/{head}")),
        },
        "author_association": "MEMBER", "auto_merge": null, "active_lock_reason": null, "merged": false,
        "mergeable": null, "rebaseable": null, "mergeable_state": "unknown", "merged_by": null, "comments": 0,
        "review_comments": 0, "maintainer_can_modify": false, "commits": 3, "additions": 41, "deletions": 12,
        "changed_files": 4,
    });
    if let Value::Object(rest) = rest {
        pull.extend(rest);
    }
    json!({
        "action": "opened", "number": number, "pull_request": pull, "repository": repository(),
        "organization": { "login": "acme-payments", "id": 21_031_067, "node_id": "MDEyOk9yZ2FuaXphdGlvbjIxMDMxMDY3",
            "url": "https://api.github.com/orgs/acme-payments", "repos_url": "https://api.github.com/orgs/acme-payments/repos",
            "events_url": "https://api.github.com/orgs/acme-payments/events", "description": "" },
        "sender": user("m-ortiz", 5_210_067),
        "installation": { "id": 375_706, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMzc1NzA2" },
    })
}

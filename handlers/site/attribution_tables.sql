-- The site's attribution rules as temporary tables, empty; attribution.py fills them.

-- One row for each map and each cloud it applies to. position: the order the maps are tried in.
CREATE OR REPLACE TEMP TABLE attribution_maps (
    cloud_provider VARCHAR NOT NULL,
    position INTEGER NOT NULL,
    match VARCHAR NOT NULL,
    exact VARCHAR,
    regex VARCHAR,
    customer VARCHAR,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL
);

-- Every id and alias of every customer, with the days on which it means that customer.
CREATE OR REPLACE TEMP TABLE attribution_names (
    name VARCHAR NOT NULL,
    customer_id VARCHAR NOT NULL,
    first_day DATE NOT NULL,
    last_day DATE NOT NULL
);

-- SHA-256 of salt and name, for each name that is forgotten, and what stands for it.
CREATE OR REPLACE TEMP TABLE attribution_forgotten (
    digest VARCHAR NOT NULL,
    salt VARCHAR NOT NULL,
    tombstone VARCHAR NOT NULL
);

-- Without the Unicode white space at both ends; NULL when nothing is left.
CREATE OR REPLACE TEMP MACRO attribution_trim(value) AS
    nullif(
        regexp_replace(value, '^[\s\x0b\x{85}\pZ]+|[\s\x0b\x{85}\pZ]+$', '', 'g'),
        ''
    );

-- Names of Azure resources, groups and subscriptions have no case, and bills write one name in
-- several: https://github.com/MicrosoftDocs/azure-docs/issues/98457
-- https://github.com/opencost/opencost/issues/2275. Tags (match 'project') keep theirs.
CREATE OR REPLACE TEMP MACRO attribution_has_case(cloud, match) AS
    cloud <> 'Azure' OR match = 'project';

CREATE OR REPLACE TEMP MACRO attribution_folded(cloud, match, value) AS
    CASE WHEN attribution_has_case(cloud, match) THEN value ELSE lower(value) END;
